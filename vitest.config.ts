/** Unit tests need Node alone; engine tests a real API server; lab tests two sites of real servers. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        // One process for many files: the Pulumi SDK takes a second to load, and its runtime can be set up again.
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          testTimeout: 20_000,
          isolate: false,
          maxWorkers: "100%",
        },
      },
      {
        test: {
          name: "engine",
          include: ["test/engine/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "lab",
          include: ["test/lab/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
