-- From Segment's warehouse tables to the tables of an import. `timestamp` is when something
-- happened, `received_at` when Segment learned it: an event sent late counts as unknown until then.
-- Who has not identified themselves is no user yet.
CREATE VIEW identifies AS FROM read_csv('identifies.csv', all_varchar = true) WHERE user_id IS NOT NULL;
CREATE VIEW tracks AS FROM read_csv('tracks.csv', all_varchar = true) WHERE user_id IS NOT NULL;

-- The users table holds the present; the plan at signup is that of the first identify call.
CREATE VIEW users AS
  SELECT user_id, "timestamp" AS signup_time, plan, country, received_at AS ingested_at
  FROM identifies
  QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY "timestamp"::TIMESTAMPTZ, id) = 1;

CREATE VIEW plan_changes AS
  SELECT id AS change_id, user_id, plan, "timestamp" AS event_time, received_at AS ingested_at
  FROM identifies
  WHERE plan IS NOT NULL
  QUALIFY plan <> lag(plan) OVER (PARTITION BY user_id ORDER BY "timestamp"::TIMESTAMPTZ, id);

-- A session ends after 30 minutes without an event, and has the id of its first event.
CREATE VIEW user_events AS
  WITH gaps AS (
    SELECT *, "timestamp"::TIMESTAMPTZ AS happened,
      coalesce(happened - lag(happened) OVER of_user > INTERVAL 30 MINUTE, true) AS is_first
    FROM tracks WINDOW of_user AS (PARTITION BY user_id ORDER BY "timestamp"::TIMESTAMPTZ, id))
  SELECT id AS event_id, user_id,
    last_value(CASE WHEN is_first THEN id END IGNORE NULLS) OVER (
      PARTITION BY user_id ORDER BY happened, id ROWS UNBOUNDED PRECEDING) AS session_id,
    CASE "event" WHEN 'signed_in' THEN 'login' ELSE "event" END AS event_type,
    "timestamp" AS event_time, received_at AS ingested_at
  FROM gaps;
