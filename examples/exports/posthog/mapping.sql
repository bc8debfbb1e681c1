-- From PostHog's events in JSON lines to the tables of an import. `timestamp` is when something
-- happened, `created_at` when PostHog ingested it. Change the names of your own events below.
CREATE VIEW events AS FROM read_json('events.jsonl', format = 'newline_delimited', columns = {
  uuid: 'VARCHAR', event: 'VARCHAR', person_id: 'VARCHAR', properties: 'JSON',
  "timestamp": 'VARCHAR', created_at: 'VARCHAR'});

CREATE VIEW users AS
  SELECT person_id AS user_id, "timestamp" AS signup_time, properties ->> '$.plan' AS plan,
    properties ->> '$."$geoip_country_code"' AS country, created_at AS ingested_at
  FROM events WHERE event = 'user signed up';

CREATE VIEW plan_changes AS
  SELECT uuid AS change_id, person_id AS user_id, properties ->> '$.plan' AS plan,
    "timestamp" AS event_time, created_at AS ingested_at
  FROM events WHERE event = 'plan changed';

-- Events from servers have no session: each is one of its own.
CREATE VIEW user_events AS
  SELECT uuid AS event_id, person_id AS user_id,
    coalesce(properties ->> '$."$session_id"', uuid) AS session_id,
    CASE event WHEN 'user logged in' THEN 'login' ELSE event END AS event_type,
    "timestamp" AS event_time, created_at AS ingested_at
  FROM events;
