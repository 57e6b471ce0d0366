import { useEffect } from "react";
import { useSearchParams } from "react-router";
import { useTitle } from "../frame/page_states";
import { useText } from "../text/text";
import { ChooseFolder } from "./choose_folder";
import { CourseView } from "./course_view";
import { forget_handed_folder } from "./handed_folder";
import { Proposal } from "./proposal";
import type { Course } from "./start_training";
import "./train.css";

/** From a folder to a tested network: what to train with, what is proposed for it, and how it goes. The address says how far it is. */
export function TrainPage() {
  const { t } = useText();
  const [params, set_params] = useSearchParams();
  useTitle(t("train.title"));
  // What was dropped on another page has arrived here; a second visit begins afresh.
  useEffect(() => forget_handed_folder, []);
  const course = course_of(params);
  if (course) return <CourseView course={course} />;
  const folder = params.get("folder");
  if (!folder) return <ChooseFolder on_chosen={(path, name) => set_params({ folder: path, name })} />;
  return (
    <Proposal
      key={folder}
      folder={folder}
      name={params.get("name") ?? ""}
      on_started={(started) => set_params({ ...started }, { replace: true })}
    />
  );
}

function course_of(params: URLSearchParams): Course | null {
  const [dataset, model, test] = ["dataset", "model", "test"].map((name) => params.get(name));
  return dataset && model && test ? { dataset, model, test } : null;
}
