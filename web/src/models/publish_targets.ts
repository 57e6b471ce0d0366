import type { FormField } from "../api/client";

/** Where a model can be published to. */
export type Target = "folder" | "bucket" | "server";

/** Where the place of each is in the spec. */
export const place_paths: Record<Target, string> = {
  folder: "/repository",
  bucket: "/repository",
  server: "/inference_server",
};

const of_buckets = ["/endpoint", "/region", "/addressing", "/profile", "/access_key", "/secret_key"];

/** The fields that a target has beside its place. */
export function fields_of_target(fields: FormField[], to: Target): FormField[] {
  const of_server = (path: string) => path.startsWith("/facts/");
  return fields.filter(({ path }) => {
    if (path === "/snapshot" || Object.values(place_paths).includes(path)) return false;
    return to === "server" ? of_server(path) : !of_server(path) && (to === "bucket" || !of_buckets.includes(path));
  });
}
