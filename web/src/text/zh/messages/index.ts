import { api } from "./api";
import { base } from "./base";
import { caffe } from "./caffe";
import { data } from "./data";
import { digits_worker } from "./digits_worker";
import { engine } from "./engine";
import { exports } from "./exports";
import { feed } from "./feed";
import { frameworks } from "./frameworks";
import { image } from "./image";
import { imports } from "./imports";
import { infer } from "./infer";
import { jobs } from "./jobs";
import { metrics } from "./metrics";
import { models } from "./models";
import { python } from "./python";
import { remote } from "./remote";
import { report } from "./report";
import { tasks } from "./tasks";
import { training } from "./training";

/** What the server and its workers say, by its English (see `server_words.ts`): by the module, or the program, that says it. A test compares it with their source. */
export const by_module: Record<string, Record<string, string>> = {
  api,
  base,
  caffe,
  data,
  "digits-worker": digits_worker,
  engine,
  exports,
  feed,
  frameworks,
  image,
  imports,
  infer,
  jobs,
  metrics,
  models,
  python,
  remote,
  report,
  tasks,
  training,
};

export const messages: Record<string, string> = Object.assign({}, ...Object.values(by_module));
