import { type PolicyStatement, policyStatements } from "../../infra/build/policies.ts";
import { referredTo, spell, type Template } from "../../infra/build/template.ts";

// IAM's decision over the policies of one template, within one account. The maintained library for this,
// @cloud-copilot/iam-simulate, is under the AGPL; the template uses few operators, and an unknown one throws.
// [AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html]

export interface IamRequest {
  /** A role's logical id, a service's name, or an ARN. */
  principal: string;
  action: string;
  /** A resource's logical id, or an ARN as the template spells it. */
  resource: string;
  context?: Readonly<Record<string, string | readonly string[]>>;
}

const ROOT = `arn:${spell({ Ref: "AWS::Partition" })}:iam::${spell({ Ref: "AWS::AccountId" })}:root`;

/** Resources whose own policy must let a request in, besides the role's. */
const KEY = "AWS::KMS::Key";

export class IamEvaluator {
  readonly #template: Template;
  readonly #statements: PolicyStatement[];
  readonly #ofRoles: Map<string, PolicyStatement[]>;
  readonly #ofResources = new Map<string, PolicyStatement[]>();

  constructor(template: Template) {
    this.#template = template;
    this.#statements = policyStatements(template);
    this.#ofRoles = Map.groupBy(
      this.#statements.filter(({ resources }) => resources.length > 0),
      ({ owner }) => owner,
    );
  }

  isAllowed(request: IamRequest): boolean {
    const { principal, resource } = request;
    const identity = this.#matching(request, this.#ofRoles.get(principal) ?? []);
    const own = this.#matching(request, this.#policyOf(resource));
    if ([...identity, ...own].some(({ effect }) => effect === "Deny")) return false;
    const isService = principal.endsWith(".amazonaws.com");
    const named = own.some(({ principals }) => principals.some((one) => one === principal || one === "*"));
    if (named) return true;
    if (isService || identity.length === 0) return false;
    const delegates = own.some(({ principals }) => principals.includes(ROOT));
    return this.#template.Resources[resource]?.Type !== KEY || delegates;
  }

  /** Whether a service may assume a role. */
  mayAssume(role: string, service: string, context: IamRequest["context"] = {}): boolean {
    return this.#statements.some(
      (one) =>
        one.owner === role &&
        one.actions.includes("sts:AssumeRole") &&
        one.principals.includes(service) &&
        holds(one, { principal: service, action: "", resource: "", context }),
    );
  }

  #policyOf(resource: string): PolicyStatement[] {
    const known = this.#ofResources.get(resource);
    const statements = known ?? this.#statements.filter((one) => this.#isPolicyOf(one, resource));
    this.#ofResources.set(resource, statements);
    return statements;
  }

  #matching(request: IamRequest, statements: readonly PolicyStatement[]): PolicyStatement[] {
    return statements.filter(
      (one) =>
        one.actions.some((pattern) => isLike(request.action, pattern)) &&
        (one.owner === request.resource ||
          one.resources.some((pattern) => this.#isResource(request, pattern))) &&
        holds(one, request),
    );
  }

  #isResource({ resource }: IamRequest, pattern: string): boolean {
    return pattern === "*" || referredTo(pattern) === resource || isLike(resource, pattern);
  }

  /** A key has its policy in itself; others have a resource that names them. */
  #isPolicyOf({ owner, ownerType }: PolicyStatement, resource: string): boolean {
    if (owner === resource) return ownerType === KEY;
    const { SecretId, Queues, Topics } = this.#template.Resources[owner]?.Properties ?? {};
    return [SecretId, Queues, Topics].flat().some((one) => referredTo(one) === resource);
  }
}

function holds({ condition }: PolicyStatement, { principal, context = {} }: IamRequest): boolean {
  const arn = principal.includes(":") || principal.includes(".") ? principal : `\${${principal}.Arn}`;
  const given: typeof context = { "aws:PrincipalArn": arn, "aws:SecureTransport": "true", ...context };
  return Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const patterns = [wanted].flat().map(spell);
      const values = given[key] === undefined ? undefined : [given[key]].flat();
      return judge(operator, values, patterns);
    }),
  );
}

function judge(
  operator: string,
  values: readonly string[] | undefined,
  patterns: readonly string[],
): boolean {
  const isAny = (value: string) => patterns.some((pattern) => isLike(value, pattern));
  switch (operator) {
    case "ForAllValues:StringLike":
      return (values ?? []).every(isAny);
    case "StringEquals":
    case "ArnEquals":
    case "Bool":
      return values?.some((value) => patterns.includes(value)) ?? false;
    case "ArnLike":
    case "StringLike":
      return values?.some(isAny) ?? false;
    case "ArnNotEquals":
      return !values?.some((value) => patterns.includes(value));
    default:
      throw new Error(`no rule for the operator ${operator}`);
  }
}

/** By pattern: the tests judge some 10,000 requests by a few hundred patterns. */
const expressions = new Map<string, RegExp>();

/** `*` stands for any text, as in IAM. */
function isLike(text: string, pattern: string): boolean {
  if (!pattern.includes("*")) return text === pattern;
  const expression = expressions.get(pattern) ?? asExpression(pattern);
  expressions.set(pattern, expression);
  return expression.test(text);
}

function asExpression(pattern: string): RegExp {
  const literal = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`, "s");
}
