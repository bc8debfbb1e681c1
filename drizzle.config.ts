import { defineConfig } from 'drizzle-kit';

// `npx drizzle-kit generate` writes the next migration from the schema. drizzle-kit wants a default export.
export default defineConfig({
  dialect: 'postgresql',
  schema: './packages/database/schema/*.ts',
  out: './packages/database/migrations',
});
