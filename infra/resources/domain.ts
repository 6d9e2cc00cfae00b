import type { Stack } from "./stack.ts";

/**
 * The optional domain of the API: `domainName` and `certificateArn` (a certificate of the same region), and
 * `hostedZoneId` for the DNS records to be made in Route 53 too.
 */
export function domain({ text }: Stack) {
  const name = text("domainName");
  if (name === "") return { Resources: {} };
  const certificateArn = text("certificateArn");
  if (certificateArn === "")
    throw new Error("domainName needs certificateArn, the certificate to answer with");
  const hostedZoneId = text("hostedZoneId");
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
      // For a DNS that is kept elsewhere.
      ApiDomainTarget: {
        Description: "The name that a CNAME record of the API's domain points to",
        Value: { "Fn::GetAtt": ["ApiDomain", "RegionalDomainName"] },
      },
    },
  };
}

function records(name: string, hostedZoneId: string) {
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
