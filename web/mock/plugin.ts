import type { Plugin } from "vite";
import { MockServer } from "./server.ts";

/** Answers /api/v1 while developing; never part of a build. */
export function mock_api(): Plugin {
  return {
    name: "digits-mock-api",
    apply: "serve",
    configureServer(vite) {
      const server = new MockServer();
      vite.middlewares.use((request, response, next) => {
        if (!request.url?.startsWith("/api/v1/")) return next();
        void server.handle(request, response);
      });
    },
  };
}
