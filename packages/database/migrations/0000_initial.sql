CREATE SCHEMA "ops";
--> statement-breakpoint
CREATE SCHEMA "raw_data";
--> statement-breakpoint
CREATE TABLE "ops"."alerts" (
	"key" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"severity" text NOT NULL,
	"date" text NOT NULL,
	"message" text NOT NULL,
	"details" jsonb NOT NULL,
	"raised_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ops"."backfills" (
	"id" text PRIMARY KEY NOT NULL,
	"from_date" text NOT NULL,
	"to_date" text NOT NULL,
	"status" text NOT NULL,
	"plan" jsonb NOT NULL,
	"report" jsonb,
	"created_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "ops"."daily_runs" (
	"date" text PRIMARY KEY NOT NULL,
	"known_at" timestamp with time zone,
	"batch" integer,
	"complete_through" timestamp with time zone,
	"status" text NOT NULL,
	"report" jsonb,
	"started_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "ops"."imported_folders" (
	"name" text PRIMARY KEY NOT NULL,
	"batch" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ops"."installation" (
	"singleton" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"id" uuid NOT NULL,
	"currency" text NOT NULL,
	"source" text,
	"world" jsonb,
	"loaded_through" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "ops"."load_batches" (
	"batch" integer PRIMARY KEY NOT NULL,
	"source" text NOT NULL,
	"arrival" text NOT NULL,
	"committed_at" timestamp with time zone NOT NULL,
	"complete_through" timestamp with time zone,
	"loaded" jsonb NOT NULL,
	"unchanged" jsonb NOT NULL,
	"rejected" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ops"."model_events" (
	"event_id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"action" text NOT NULL,
	"version" text NOT NULL,
	"previous" text,
	"reason" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ops"."partition_runs" (
	"dataset" text NOT NULL,
	"date" text NOT NULL,
	"status" text NOT NULL,
	"attempt" integer NOT NULL,
	"fencing_token" bigint NOT NULL,
	"claimed_by" text,
	"claim_expires_at" timestamp with time zone,
	"manifest" jsonb,
	"revision" integer,
	"checked_through_batch" integer,
	"checked_known_at" timestamp with time zone,
	"served_known_at" timestamp with time zone,
	"served_batch" integer,
	"error" text,
	"started_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "partition_runs_dataset_date_pk" PRIMARY KEY("dataset","date")
);
--> statement-breakpoint
CREATE TABLE "ops"."predictions" (
	"prediction_id" uuid PRIMARY KEY NOT NULL,
	"user_id" text collate "C" NOT NULL,
	"model_version" text NOT NULL,
	"feature_time" timestamp with time zone NOT NULL,
	"known_at" timestamp with time zone NOT NULL,
	"revision" integer NOT NULL,
	"features" jsonb NOT NULL,
	"churn_probability" double precision NOT NULL,
	"predicted_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "raw_data"."billing_events" (
	"event_id" text collate "C" PRIMARY KEY NOT NULL,
	"user_id" text collate "C" NOT NULL,
	"event_type" text NOT NULL,
	"amount_cents" bigint NOT NULL,
	"currency" text NOT NULL,
	"event_time" timestamp with time zone NOT NULL,
	"ingested_at" timestamp with time zone NOT NULL,
	"batch" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "raw_data"."plan_changes" (
	"change_id" text collate "C" PRIMARY KEY NOT NULL,
	"user_id" text collate "C" NOT NULL,
	"plan" text NOT NULL,
	"event_time" timestamp with time zone NOT NULL,
	"ingested_at" timestamp with time zone NOT NULL,
	"batch" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "raw_data"."rejected_rows" (
	"batch" integer NOT NULL,
	"source" text NOT NULL,
	"row" bigint NOT NULL,
	"reason" text NOT NULL,
	CONSTRAINT "rejected_rows_batch_source_row_pk" PRIMARY KEY("batch","source","row")
);
--> statement-breakpoint
CREATE TABLE "raw_data"."user_events" (
	"event_id" text collate "C" PRIMARY KEY NOT NULL,
	"user_id" text collate "C" NOT NULL,
	"session_id" text collate "C" NOT NULL,
	"event_type" text NOT NULL,
	"event_time" timestamp with time zone NOT NULL,
	"ingested_at" timestamp with time zone NOT NULL,
	"batch" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "raw_data"."users" (
	"user_id" text collate "C" PRIMARY KEY NOT NULL,
	"signup_time" timestamp with time zone NOT NULL,
	"plan" text NOT NULL,
	"country" text,
	"ingested_at" timestamp with time zone NOT NULL,
	"batch" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "raw_data"."billing_events" ADD CONSTRAINT "billing_events_user_id_users_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "raw_data"."users"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "raw_data"."plan_changes" ADD CONSTRAINT "plan_changes_user_id_users_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "raw_data"."users"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "raw_data"."rejected_rows" ADD CONSTRAINT "rejected_rows_batch_load_batches_batch_fk" FOREIGN KEY ("batch") REFERENCES "ops"."load_batches"("batch") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "raw_data"."user_events" ADD CONSTRAINT "user_events_user_id_users_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "raw_data"."users"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "predictions_user_time" ON "ops"."predictions" USING btree ("user_id","predicted_at");--> statement-breakpoint
CREATE INDEX "billing_events_user_time" ON "raw_data"."billing_events" USING btree ("user_id","event_time");--> statement-breakpoint
CREATE INDEX "billing_events_batch" ON "raw_data"."billing_events" USING btree ("batch");--> statement-breakpoint
CREATE INDEX "plan_changes_user_time" ON "raw_data"."plan_changes" USING btree ("user_id","event_time");--> statement-breakpoint
CREATE INDEX "plan_changes_batch" ON "raw_data"."plan_changes" USING btree ("batch");--> statement-breakpoint
CREATE INDEX "user_events_user_time" ON "raw_data"."user_events" USING btree ("user_id","event_time");--> statement-breakpoint
CREATE INDEX "user_events_batch" ON "raw_data"."user_events" USING btree ("batch");--> statement-breakpoint
CREATE INDEX "users_batch" ON "raw_data"."users" USING btree ("batch");