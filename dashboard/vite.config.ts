import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The page is served by the API itself; while it is written, `vite` passes calls on to a running one.
export default defineConfig({
  plugins: [react()],
  base: "/",
  build: {
    outDir: "../src/strikewise/apps/api/static",
    emptyOutDir: true,
    target: "es2022",
    // No inlined assets: the content policy of the page allows scripts and styles of its own address only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // ECharts is one large part; only the pages that draw with it fetch it.
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8787" } },
});
