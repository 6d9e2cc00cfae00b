// @ts-check
import { text } from "./service-functions.js";

/** With a domain of its own the API answers there only. @param {import("./service-functions.js").Variables} variables */
export async function isCustom(variables) {
  return (await text(variables, "domainName")) !== "";
}

/**
 * The optional domain of the API: `domainName` and `certificateArn` (a certificate of the same region), and
 * `hostedZoneId` for the DNS records to be made in Route 53 too.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function domain(variables) {
  const name = await text(variables, "domainName");
  if (name === "") return { Resources: {} };
  const certificateArn = await text(variables, "certificateArn");
  if (certificateArn === "")
    throw new Error("domainName needs certificateArn, the certificate to answer with");
  const hostedZoneId = await text(variables, "hostedZoneId");
  return {
    Resources: {
      ApiDomain: {
        Type: "AWS::ApiGatewayV2::DomainName",
        Properties: {
          DomainName: name,
          DomainNameConfigurations: [
            { CertificateArn: certificateArn, EndpointType: "REGIONAL", SecurityPolicy: "TLS_1_2" },
          ],
        },
      },
      ApiDomainMapping: {
        Type: "AWS::ApiGatewayV2::ApiMapping",
        DependsOn: ["HttpApiStage"],
        Properties: { ApiId: { Ref: "HttpApi" }, DomainName: { Ref: "ApiDomain" }, Stage: "$default" },
      },
      ...(hostedZoneId !== "" && { ApiDomainRecords: records(name, hostedZoneId) }),
    },
    Outputs: {
      // What whoever keeps the DNS elsewhere points the name at.
      ApiDomainTarget: {
        Description: "The name that a CNAME record of the API's domain points to",
        Value: { "Fn::GetAtt": ["ApiDomain", "RegionalDomainName"] },
      },
    },
  };
}

/** @param {string} name @param {string} hostedZoneId */
function records(name, hostedZoneId) {
  const target = {
    DNSName: { "Fn::GetAtt": ["ApiDomain", "RegionalDomainName"] },
    HostedZoneId: { "Fn::GetAtt": ["ApiDomain", "RegionalHostedZoneId"] },
  };
  return {
    Type: "AWS::Route53::RecordSetGroup",
    Properties: {
      HostedZoneId: hostedZoneId,
      RecordSets: ["A", "AAAA"].map((Type) => ({ Name: name, Type, AliasTarget: target })),
    },
  };
}
