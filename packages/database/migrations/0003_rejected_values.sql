ALTER TABLE "ops"."load_batches" ADD COLUMN "warnings" jsonb;--> statement-breakpoint
ALTER TABLE "raw_data"."rejected_rows" ADD COLUMN "table_name" text;--> statement-breakpoint
UPDATE "raw_data"."rejected_rows" SET "table_name" = split_part("source", '.', 1);--> statement-breakpoint
ALTER TABLE "raw_data"."rejected_rows" ALTER COLUMN "table_name" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "raw_data"."rejected_rows" ADD COLUMN "line" bigint;--> statement-breakpoint
ALTER TABLE "raw_data"."rejected_rows" ADD COLUMN "values" jsonb;--> statement-breakpoint
ALTER TABLE "raw_data"."rejected_rows" ADD COLUMN "resolved_batch" integer;--> statement-breakpoint
CREATE INDEX "rejected_rows_to_retry" ON "raw_data"."rejected_rows" USING btree ("table_name","batch") WHERE "raw_data"."rejected_rows"."resolved_batch" IS NULL AND "raw_data"."rejected_rows"."reason" IN ('unknown_user', 'before_signup');