import { expect, test } from "vitest";
import { cyrb53 } from "../../../src/base/cyrb53.ts";

test.each([
  ["", 3338908027751811],
  ["a", 7929297801672961],
  ["implement login", 1282544961935709],
  ["add validation", 2456583589892771],
  ["héllo 🌍", 6778328375342556],
])("cyrb53(%j) is %d", (text, hash) => {
  expect(cyrb53(text)).toBe(hash);
});
