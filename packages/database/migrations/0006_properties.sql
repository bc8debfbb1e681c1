CREATE TABLE "raw_data"."settled_properties" (
	"table_name" text NOT NULL,
	"name" text collate "C" NOT NULL,
	"type" text NOT NULL,
	"batch" integer NOT NULL,
	CONSTRAINT "settled_properties_table_name_name_pk" PRIMARY KEY("table_name","name")
);
--> statement-breakpoint
ALTER TABLE "raw_data"."billing_events" ADD COLUMN "properties" jsonb;--> statement-breakpoint
ALTER TABLE "raw_data"."rejected_rows" ADD COLUMN "property" text;--> statement-breakpoint
ALTER TABLE "raw_data"."user_events" ADD COLUMN "properties" jsonb;