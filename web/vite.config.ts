import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { mock_api } from "./mock/plugin.ts";

// `npm run dev` answers /api/v1 from mock/; `DIGITS_SERVER=http://127.0.0.1:5000 npm run dev` hands it to a running server.
export default defineConfig(({ mode }) => {
  const server = process.env.DIGITS_SERVER;
  return {
    plugins: [react(), ...(mode === "mock" && !server ? [mock_api()] : [])],
    // The editor reads proto/caffe.proto.
    server: { port: 5173, fs: { allow: [".."] }, proxy: server ? { "/api": server } : undefined },
    build: {
      target: "es2022",
      // Browsers that know light-dark(); what Vite makes of it for older ones does not hold in custom properties.
      cssTarget: ["chrome123", "firefox128", "safari17.5"],
      sourcemap: false,
      chunkSizeWarningLimit: 700,
      reportCompressedSize: true,
      // Letters and digits only: the server recognises such names and lets the browser keep the files for ever.
      rolldownOptions: { output: { hashCharacters: "base36" } },
    },
    test: { environment: "node", include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
  };
});
