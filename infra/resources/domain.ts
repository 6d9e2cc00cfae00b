import { attributeOf, resource } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/**
 * The optional domain of the API: `domainName` and `certificateArn` (a certificate of the same region), and
 * `hostedZoneId` to create the DNS records in Route 53.
 */
export function domain({ text }: Stack) {
  const name = text("domainName");
  if (name === "") return { Resources: {} };
  const certificateArn = text("certificateArn");
  if (certificateArn === "") throw new Error("domainName needs certificateArn, the certificate for it");
  const hostedZoneId = text("hostedZoneId");
  const AliasTarget = {
    DNSName: attributeOf("ApiDomain", "RegionalDomainName"),
    HostedZoneId: attributeOf("ApiDomain", "RegionalHostedZoneId"),
  };
  const records = resource("AWS::Route53::RecordSetGroup", {
    HostedZoneId: hostedZoneId,
    RecordSets: ["A", "AAAA"].map((Type) => ({ Name: name, Type, AliasTarget })),
  });
  const mapping = { ApiId: { Ref: "HttpApi" }, DomainName: { Ref: "ApiDomain" }, Stage: "$default" };
  return {
    Resources: {
      ApiDomain: resource("AWS::ApiGatewayV2::DomainName", {
        DomainName: name,
        DomainNameConfigurations: [
          { CertificateArn: certificateArn, EndpointType: "REGIONAL", SecurityPolicy: "TLS_1_2" },
        ],
      }),
      ApiDomainMapping: resource("AWS::ApiGatewayV2::ApiMapping", mapping, {
        DependsOn: ["HttpApiStage"],
      }),
      ...(hostedZoneId !== "" && { ApiDomainRecords: records }),
    },
    Outputs: {
      // For a DNS elsewhere.
      ApiDomainTarget: {
        Description: "The name that a CNAME record of the API's domain points to",
        Value: attributeOf("ApiDomain", "RegionalDomainName"),
      },
    },
  };
}
