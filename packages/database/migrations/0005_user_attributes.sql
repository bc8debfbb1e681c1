CREATE TABLE "raw_data"."user_attributes" (
	"attribute_id" text collate "C" PRIMARY KEY NOT NULL,
	"user_id" text collate "C" NOT NULL,
	"name" text collate "C" NOT NULL,
	"value" text NOT NULL,
	"event_time" timestamp with time zone NOT NULL,
	"ingested_at" timestamp with time zone NOT NULL,
	"batch" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "raw_data"."user_attributes" ADD CONSTRAINT "user_attributes_user_id_users_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "raw_data"."users"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "user_attributes_user_name_time" ON "raw_data"."user_attributes" USING btree ("user_id","name","event_time");--> statement-breakpoint
CREATE INDEX "user_attributes_batch" ON "raw_data"."user_attributes" USING btree ("batch");