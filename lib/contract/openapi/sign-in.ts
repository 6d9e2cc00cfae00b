interface Described {
  components: {
    securitySchemes: { accessToken: { flows: { authorizationCode: object; clientCredentials: object } } };
  };
}

/** The committed document names no issuer. Served, it names the API's own, where that signs people in with RingCentral. */
export function withSignIn<Document extends Described>(document: Document, issuer: string): Document {
  const copy = structuredClone(document);
  const { flows } = copy.components.securitySchemes.accessToken;
  const tokenUrl = `${issuer}/oauth/token`;
  const authorizationUrl = `${issuer}/oauth/authorize`;
  Object.assign(flows.authorizationCode, { authorizationUrl, tokenUrl, refreshUrl: tokenUrl });
  Object.assign(flows.clientCredentials, { tokenUrl });
  return copy;
}
