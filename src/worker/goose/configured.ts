/** Whether a Goose session shows that a provider and a model are set up, without asking the model. */
import * as v from "valibot";
import { notConfigured } from "./classify.ts";

const providerFields = v.object({ fields: v.array(v.object({ key: v.string(), required: v.boolean(), isSecret: v.boolean(), isSet: v.boolean() })) });

/**
 * Fails (GOOSE_NOT_CONFIGURED) when a new session shows that Goose could not answer a prompt: unknown provider, missing key. `configOptions`
 * is what Goose offers in the session, `readFields` asks it for the values of a provider.
 */
export async function assertConfigured(configOptions: unknown, readFields: (providerId: string) => Promise<unknown>): Promise<void> {
  // With an unknown provider Goose opens a session, but offers no choices (measured).
  if (!Array.isArray(configOptions)) throw notConfigured("the provider is unknown or cannot be used");
  const provider = (configOptions as readonly { readonly id?: unknown; readonly currentValue?: unknown }[]).find(
    (option) => option?.id === "provider",
  )?.currentValue;
  if (typeof provider !== "string") return;
  // Unstable: a Goose that answers otherwise is believed to be configured.
  const fields = v.safeParse(providerFields, await readFields(provider).catch(() => undefined));
  const missing = fields.success ? fields.output.fields.find(({ required, isSecret, isSet }) => required && isSecret && !isSet) : undefined;
  if (missing !== undefined) throw notConfigured(`${missing.key} of the provider ${provider} is not set`);
}
