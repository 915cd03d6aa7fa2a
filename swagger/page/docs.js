// Fields of forms are empty at first. swagger-ui would fill them with samples, which nobody wants to send.
const emptyFields = {
  afterLoad() {
    const { getSampleSchema } = this.fn;
    Object.assign(this.fn, {
      // Only fields of forms ask without a media type.
      getSampleSchema: (schema, type, ...rest) =>
        type !== false ? getSampleSchema(schema, type, ...rest) : schema?.get("type") === "array" ? [] : "",
    });
  },
};

// A token that is given to Authorize is kept in the memory of the page, and is sent to this server alone: the
// Content-Security-Policy forbids all others.
window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  plugins: [emptyFields],
  deepLinking: true,
  displayOperationId: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  filter: true,
  // The document is not sent to a service that validates it.
  validatorUrl: null,
});
