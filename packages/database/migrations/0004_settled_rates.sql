CREATE TABLE "raw_data"."settled_rates" (
	"into_currency" text NOT NULL,
	"from_currency" text NOT NULL,
	"day" date NOT NULL,
	"rate" numeric(28, 18) NOT NULL,
	"rate_day" date NOT NULL,
	"batch" integer NOT NULL,
	CONSTRAINT "settled_rates_into_currency_from_currency_day_pk" PRIMARY KEY("into_currency","from_currency","day")
);
