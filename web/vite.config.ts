import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { mock_api } from "./mock/plugin.ts";

// `npm run dev` answers /api/v1 from mock/; `DIGITS_SERVER=http://127.0.0.1:5000 npm run dev` hands it to a running server.
export default defineConfig(({ mode }) => {
  const server = process.env.DIGITS_SERVER;
  return {
    plugins: [react(), ...(mode === "mock" && !server ? [mock_api()] : [])],
    // The editor reads proto/caffe.proto and the list of layers.
    server: { port: 5173, fs: { allow: [".."] }, proxy: server ? { "/api": server } : undefined },
    build: {
      target: "es2022",
      // Browsers that know light-dark(); what Vite makes of it for older ones does not hold in custom properties.
      cssTarget: ["chrome123", "firefox128", "safari17.5"],
      sourcemap: false,
      chunkSizeWarningLimit: 700,
      reportCompressedSize: true,
      // Letters and digits only: the server recognises such names and lets the browser keep the files for ever.
      rolldownOptions: {
        output: {
          hashCharacters: "base36",
          // What every page needs is in three files, read side by side: forty small ones take longer than their bytes.
          codeSplitting: {
            groups: [
              { name: "react", tags: ["$initial"], test: /node_modules\/(react|react-dom|scheduler)\//, priority: 1 },
              {
                name: "mantine",
                tags: ["$initial"],
                test: /node_modules\/(@mantine|@floating-ui)\/.*js$/,
                priority: 1,
              },
              { name: "first", tags: ["$initial"] },
            ],
          },
        },
      },
    },
    test: { environment: "node", include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
  };
});
