// The peer that measures Node, Lambda's runtime client and this machine.
export const handler = async () => ({ statusCode: 200, body: "{}" });
