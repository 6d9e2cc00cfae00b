/** Swagger UI, which the page loads before this script. */
declare const SwaggerUIBundle: (options: Record<string, unknown>) => unknown;

export interface RendererOptions {
  /** The description to show. */
  spec: unknown;
  host: HTMLElement;
  /** The token to send with calls to this service. */
  token: () => string | undefined;
}

interface SentRequest {
  url: string;
  headers: Record<string, string>;
}

interface System {
  React: { createElement: (type: string, props: object | null, ...children: unknown[]) => unknown };
}

/** Replaced parts of Swagger UI: the token is selected above, and there is one server. */
const plugin = {
  wrapComponents: {
    ServersContainer: () => () => null,
    AuthorizeBtnContainer: () => () => null,
    // Keyboards and screen readers cannot reach a link in a button. The button itself sets the fragment.
    DeepLink:
      (_original: unknown, { React }: System) =>
      ({ text }: { text: unknown }) =>
        React.createElement("span", null, text),
  },
};

/** Renders the reference, each operation with a form that calls this service. */
export function renderReference({ spec, host, token }: RendererOptions): void {
  SwaggerUIBundle({
    spec,
    domNode: host,
    plugins: [plugin],
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    defaultModelExpandDepth: 3,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    syntaxHighlight: false,
    validatorUrl: null,
    requestInterceptor: (request: SentRequest) => {
      const bearer = token();
      const isOurs = new URL(request.url, location.href).origin === location.origin;
      if (bearer !== undefined && isOurs) request.headers.authorization = `Bearer ${bearer}`;
      return request;
    },
  });
}
