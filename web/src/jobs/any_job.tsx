import { useQuery } from "@tanstack/react-query";
import { Navigate, useParams } from "react-router";
import { answer, client } from "../api/client";
import { PageProblem, PageSkeleton } from "../frame/page_states";
import { job_path } from "./job_path";

/** `/jobs/ID` leads to the page of its kind, `/exports/ID` to that of its dataset. */
export function AnyJob() {
  const { id = "" } = useParams();
  const job = useQuery({
    queryKey: ["job", id],
    queryFn: ({ signal }) => answer(client.GET("/jobs/{id}", { params: { path: { id } }, signal })),
  });
  if (job.error) return <PageProblem error={job.error} />;
  if (!job.data) return <PageSkeleton />;
  return <Navigate to={job_path(job.data)} replace />;
}
