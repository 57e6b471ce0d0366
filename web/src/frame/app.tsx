import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { type ComponentType, lazy, Suspense } from "react";
import { BrowserRouter, Navigate, Route, Routes } from "react-router";
import { LiveProvider } from "../api/live";
import { queries } from "../api/query_client";
import { HomePage } from "../home/home_page";
import { AnyJob } from "../jobs/any_job";
import { type ShownText, TextProvider } from "../text/text";
import { with_texts } from "../text/with_texts";
import { PageGuard } from "./page_guard";
import { NotFound, PageSkeleton } from "./page_states";
import { Shell } from "./shell";
import { theme } from "./theme";

function page<Name extends string>(load: () => Promise<Record<Name, ComponentType>>, name: Name) {
  return lazy(async () => ({ default: (await with_texts(load)())[name] }));
}

const NewDatasetPage = page(() => import("../datasets/new_dataset_page"), "NewDatasetPage");
const DatasetPage = page(() => import("../datasets/dataset_page"), "DatasetPage");
const TrainPage = page(() => import("../train/train_page"), "TrainPage");
const NewModelPage = page(() => import("../models/new_model_page"), "NewModelPage");
const ModelPage = page(() => import("../models/model_page"), "ModelPage");
const EvaluationPage = page(() => import("../evaluations/evaluation_page"), "EvaluationPage");
const PretrainedPage = page(() => import("../pretrained/pretrained_page"), "PretrainedPage");
const StorePage = page(() => import("../pretrained/store_page"), "StorePage");
const ComparePage = page(() => import("../compare/compare_page"), "ComparePage");
const SystemPage = page(() => import("../system/system_page"), "SystemPage");

export function App({ text }: { text: ShownText }) {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Notifications position="bottom-right" />
      <QueryClientProvider client={queries}>
        <TextProvider first={text}>
          <LiveProvider>
            <BrowserRouter>
              <Shell>
                <PageGuard>
                  <Suspense fallback={<PageSkeleton />}>
                    <Routes>
                      <Route path="/" element={<HomePage />} />
                      <Route path="/datasets" element={<Navigate to="/?kind=dataset" replace />} />
                      <Route path="/models" element={<Navigate to="/?kind=model" replace />} />
                      <Route path="/train" element={<TrainPage />} />
                      <Route path="/jobs/:id" element={<AnyJob />} />
                      <Route path="/datasets/new" element={<NewDatasetPage />} />
                      <Route path="/datasets/:id" element={<DatasetPage />} />
                      <Route path="/exports/:id" element={<AnyJob />} />
                      <Route path="/models/new" element={<NewModelPage />} />
                      <Route path="/models/:id" element={<ModelPage />} />
                      <Route path="/evaluations" element={<Navigate to="/?kind=evaluation" replace />} />
                      <Route path="/evaluations/:id" element={<EvaluationPage />} />
                      <Route path="/pretrained" element={<Navigate to="/?kind=pretrained" replace />} />
                      <Route path="/pretrained/:id" element={<PretrainedPage />} />
                      <Route path="/store" element={<StorePage />} />
                      <Route path="/compare" element={<ComparePage />} />
                      <Route path="/system" element={<SystemPage />} />
                      <Route path="*" element={<NotFound />} />
                    </Routes>
                  </Suspense>
                </PageGuard>
              </Shell>
            </BrowserRouter>
          </LiveProvider>
        </TextProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
