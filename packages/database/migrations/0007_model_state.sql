ALTER TABLE "ops"."model_events" ADD COLUMN "number" integer;--> statement-breakpoint
ALTER TABLE "ops"."model_events" ADD COLUMN "aliases" jsonb;--> statement-breakpoint
ALTER TABLE "ops"."model_events" ADD CONSTRAINT "model_events_number_unique" UNIQUE("number");