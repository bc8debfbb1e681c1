-- From Stripe's tables as Data Pipeline syncs them to Postgres (COPY … TO STDOUT (FORMAT csv, HEADER))
-- to the tables of an import. Times are seconds since 1970, amounts in minor units.
CREATE VIEW customers AS FROM read_csv('customers.csv', all_varchar = true) WHERE livemode = 't';
CREATE VIEW charges AS FROM read_csv('charges.csv', all_varchar = true) WHERE livemode = 't';
CREATE VIEW refunds AS FROM read_csv('refunds.csv', all_varchar = true);
CREATE VIEW disputes AS FROM read_csv('disputes.csv', all_varchar = true) WHERE livemode = 't';
CREATE VIEW subscriptions AS
  FROM read_csv('subscriptions.csv', all_varchar = true) WHERE livemode = 't';

-- Your own user id, if it is kept in the metadata; otherwise customers are the users.
CREATE VIEW user_of_customer AS
  SELECT id AS customer, coalesce(metadata::JSON ->> '$.user_id', id) AS user_id FROM customers;

CREATE VIEW users AS
  SELECT user_id, created AS signup_time, 'free' AS plan
  FROM customers JOIN user_of_customer ON customer = id;

CREATE VIEW plan_changes AS
  SELECT id || ':start' AS change_id, user_id, items::JSON ->> '$.data[0].price.lookup_key' AS plan,
    start_date AS event_time
  FROM subscriptions LEFT JOIN user_of_customer USING (customer)
  UNION ALL
  SELECT id || ':end', user_id, 'free', ended_at
  FROM subscriptions LEFT JOIN user_of_customer USING (customer) WHERE ended_at IS NOT NULL;

CREATE VIEW billing_events AS
  SELECT id AS event_id, user_id,
    -- A pending charge is rejected as unknown_billing_type, and accepted when it has succeeded.
    CASE status WHEN 'succeeded' THEN 'charge_succeeded' WHEN 'failed' THEN 'charge_failed'
      ELSE status END AS event_type,
    amount AS amount_cents, currency, created AS event_time
  FROM charges LEFT JOIN user_of_customer USING (customer)
  UNION ALL
  SELECT refunds.id, user_id, 'refund', refunds.amount, refunds.currency, refunds.created
  FROM refunds JOIN charges ON charges.id = charge LEFT JOIN user_of_customer USING (customer)
  WHERE refunds.status = 'succeeded'
  UNION ALL
  -- A warning is an inquiry, which moves no money.
  SELECT disputes.id, user_id, 'dispute', disputes.amount, disputes.currency, disputes.created
  FROM disputes JOIN charges ON charges.id = charge LEFT JOIN user_of_customer USING (customer)
  WHERE disputes.status NOT LIKE 'warning_%'
  UNION ALL
  SELECT id || ':started', user_id, 'subscription_started', NULL, currency, start_date
  FROM subscriptions LEFT JOIN user_of_customer USING (customer)
  UNION ALL
  SELECT id || ':cancelled', user_id, 'subscription_cancelled', NULL, currency, canceled_at
  FROM subscriptions LEFT JOIN user_of_customer USING (customer) WHERE canceled_at IS NOT NULL;
