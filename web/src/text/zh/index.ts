import type { Catalogue } from "../catalogue";
import { curves } from "./curves";
import { datasets } from "./datasets";
import { evaluations } from "./evaluations";
import { forms } from "./forms";
import { frame } from "./frame";
import { home } from "./home";
import { jobs } from "./jobs";
import { models } from "./models";
import { network } from "./network";
import { pretrained } from "./pretrained";
import { system } from "./system";
import { test } from "./test";
import { train } from "./train";
import { views } from "./views";

/** The same texts in Chinese (simplified). */
export const zh: Catalogue = {
  ...frame,
  ...jobs,
  ...home,
  ...forms,
  ...datasets,
  ...models,
  ...network,
  ...curves,
  ...test,
  ...train,
  ...evaluations,
  ...pretrained,
  ...system,
  ...views,
};
