-- From three CSV exports of the Stripe Dashboard to the tables of an import. Every value stays the
-- text that Stripe wrote, so that the import judges it.
CREATE VIEW payments AS FROM read_csv('unified_payments.csv', all_varchar = true);
CREATE VIEW customers AS FROM read_csv('customers.csv', all_varchar = true);
CREATE VIEW subscriptions AS FROM read_csv('subscriptions.csv', all_varchar = true);

CREATE VIEW users AS
  SELECT id AS user_id, "Created (UTC)" AS signup_time, 'free' AS plan FROM customers;

CREATE VIEW plan_changes AS
  SELECT id || ':start' AS change_id, "Customer ID" AS user_id, "Plan" AS plan,
    "Start (UTC)" AS event_time
  FROM subscriptions
  UNION ALL
  SELECT id || ':end', "Customer ID", 'free', "Ended At (UTC)"
  FROM subscriptions WHERE "Ended At (UTC)" IS NOT NULL;

CREATE VIEW billing_events AS
  SELECT id AS event_id, "Customer ID" AS user_id,
    -- Any other status (an uncaptured payment) is rejected as unknown_billing_type.
    CASE WHEN "Status" = 'Failed' THEN 'charge_failed'
      WHEN "Status" IN ('Paid', 'Refunded', 'Partially refunded') THEN 'charge_succeeded'
      ELSE "Status" END AS event_type,
    "Amount" AS amount, "Currency" AS currency, "Created date (UTC)" AS event_time
  FROM payments
  UNION ALL
  SELECT id || ':refund', "Customer ID", 'refund', "Amount Refunded", "Currency",
    "Refunded date (UTC)"
  FROM payments WHERE "Refunded date (UTC)" IS NOT NULL
  UNION ALL
  SELECT id || ':started', "Customer ID", 'subscription_started', NULL, "Currency", "Start (UTC)"
  FROM subscriptions
  UNION ALL
  SELECT id || ':cancelled', "Customer ID", 'subscription_cancelled', NULL, "Currency",
    "Canceled At (UTC)"
  FROM subscriptions WHERE "Canceled At (UTC)" IS NOT NULL;
