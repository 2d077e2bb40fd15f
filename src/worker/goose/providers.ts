/** The providers that a Goose knows, from its own list (unstable part of its protocol, 1.52.0): validated, cut to what setting one up needs. */
import * as v from "valibot";
import { TaskMasterError } from "../../model/errors.ts";
import { maxProviderValue, modelNamePattern, providerKeyPattern, type KnownProvider } from "../../model/provider.ts";

const maxModels = 200;
const maxText = 300;

const nullishString = v.nullish(v.string());
const entrySchema = v.looseObject({
  providerId: v.pipe(v.string(), v.regex(modelNamePattern)),
  providerName: nullishString,
  description: nullishString,
  defaultModel: nullishString,
  deprecated: v.nullish(v.boolean()),
  configKeys: v.array(
    v.looseObject({
      name: v.pipe(v.string(), v.regex(providerKeyPattern)),
      required: v.boolean(),
      secret: v.boolean(),
      default: nullishString,
      primary: v.nullish(v.boolean()),
      oauthFlow: v.nullish(v.boolean()),
    }),
  ),
  models: v.nullish(v.array(v.looseObject({ id: v.string() }))),
});
type Entry = v.InferOutput<typeof entrySchema>;
const answerSchema = v.looseObject({ entries: v.array(v.unknown()) });

/** Reads Goose's answer to `_goose/unstable/providers/list`; entries that do not fit, are deprecated or need a browser are left out. */
export function parseProviders(answer: unknown): readonly KnownProvider[] {
  const list = v.safeParse(answerSchema, answer);
  if (!list.success) throw new TaskMasterError("GOOSE_PROTOCOL", 'This Goose does not tell which providers it knows. Use "goose configure" instead.');
  const entries = list.output.entries.map((entry) => v.safeParse(entrySchema, entry)).flatMap(({ success, output }) => (success ? [output] : []));
  return entries.filter(canBeSetUp).map(providerOf);
}

function canBeSetUp({ deprecated, configKeys }: Entry): boolean {
  return deprecated !== true && configKeys.every(({ oauthFlow }) => oauthFlow !== true);
}

function providerOf({ providerId, providerName, description, defaultModel, configKeys, models }: Entry): KnownProvider {
  const isModel = (name: string | null | undefined): name is string => typeof name === "string" && modelNamePattern.test(name);
  return {
    id: providerId,
    name: (providerName ?? providerId).slice(0, maxText),
    description: (description ?? "").slice(0, maxText),
    ...(isModel(defaultModel) ? { defaultModel } : {}),
    models: [...new Set((models ?? []).map(({ id }) => id).filter(isModel))].slice(0, maxModels),
    keys: configKeys.map(({ name, required, primary, secret, default: value }) => ({
      name,
      isMain: required || primary === true,
      isSecret: secret,
      ...(typeof value === "string" && value.length <= maxProviderValue ? { default: value } : {}),
    })),
  };
}
