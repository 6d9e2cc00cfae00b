import { loadAwsServiceSpecSync } from "@aws-cdk/aws-service-spec";

let loaded: ReturnType<typeof loadAwsServiceSpecSync> | undefined;
function spec() {
  // Read once: this takes half a second and 100 MB.
  loaded ??= loadAwsServiceSpecSync();
  return loaded;
}

/** AWS's description of a CloudFormation resource type; `undefined` for an unknown name. */
export function resourceType(name: string) {
  const found = spec().lookup("resource", "cloudFormationType", "equals", name);
  return found.length === 0 ? undefined : found.only();
}

export type Properties = NonNullable<ReturnType<typeof resourceType>>["properties"];

/** The properties of a type that other types refer to. */
export function propertiesOfType(reference: string): Properties {
  return spec().get("typeDefinition", reference).properties;
}
