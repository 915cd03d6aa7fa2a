// Fails if api/openapi.json breaks one of the rules that Redocly recommends.
import { createConfig, lint } from "@redocly/openapi-core";

const config = await createConfig({
  extends: ["recommended"],
  // Without this option the rule takes no schema with allOf: it applies each part alone.
  rules: {
    "no-invalid-schema-examples": { severity: "warn", allowAdditionalProperties: true },
    // The answer of an operation that opens a WebSocket is 101.
    "operation-2xx-response": "off",
  },
});
const problems = await lint({ ref: "api/openapi.json", config });
for (const { severity, ruleId, message, location } of problems) {
  console.error(`api/openapi.json${location[0].pointer ?? ""}: ${severity} ${ruleId}: ${message}`);
}
process.exit(problems.length > 0 ? 1 : 0);
