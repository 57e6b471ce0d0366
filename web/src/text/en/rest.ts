import { datasets } from "./datasets";
import { evaluations } from "./evaluations";
import { forms } from "./forms";
import { models } from "./models";
import { network } from "./network";
import { pretrained } from "./pretrained";
import { system } from "./system";
import { test } from "./test";
import { train } from "./train";
import { views } from "./views";

/** The texts of the pages that are opened from Home. */
export const rest = {
  ...forms,
  ...datasets,
  ...models,
  ...network,
  ...test,
  ...train,
  ...evaluations,
  ...pretrained,
  ...system,
  ...views,
} as const;
