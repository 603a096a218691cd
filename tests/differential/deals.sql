-- deals: the usable booking lines of the demo, with the instants of their milestones in nanoseconds since 1970.
-- In: raw_accounts, raw_contacts, raw_opportunities, raw_deals (all text), $as_of, $lookback_days.
-- Rows of unknown accounts or opportunities, without a readable time or amount, or after the as-of date are left out.
WITH
-- A date alone means the end of its day: its last microsecond.
opportunities AS (
    SELECT o.opportunity_id, o.account_id,
           arrow_cast(TRY_CAST(o.created_at AS TIMESTAMP), 'Int64')
               + CASE WHEN length(o.created_at) = 10 THEN 86399999999000 ELSE 0 END AS created
    FROM raw_opportunities o LEFT SEMI JOIN raw_accounts a ON o.account_id = a.account_id
),
lines AS (
    SELECT d.deal_id, d.opportunity_id, o.account_id, o.created, d.kind, nullif(d.reverses_deal_id, '') AS reverses,
           arrow_cast(TRY_CAST(d.closed_at AS TIMESTAMP), 'Int64')
               + CASE WHEN length(d.closed_at) = 10 THEN 86399999999000 ELSE 0 END AS closed,
           TRY_CAST(d.amount AS DECIMAL(18, 2)) AS amount
    FROM raw_deals d JOIN opportunities o ON d.opportunity_id = o.opportunity_id
    WHERE o.created <= $as_of
),
used AS (SELECT * FROM lines WHERE amount IS NOT NULL AND closed <= $as_of),
-- What is won: an opportunity by its lines that are no credits, each a win; its kind is that of the first line.
won AS (
    SELECT account_id, opportunity_id, min(created) AS created,
           first_value(kind ORDER BY closed, deal_id) AS kind
    FROM used WHERE kind <> 'credit'
    GROUP BY account_id, opportunity_id
),
-- Expansions and renewals begin after the latest earlier win of the account; all look back.
windows AS (
    SELECT w.opportunity_id, w.created - $lookback_days * 86400000000000 AS lookback,
           max(e.closed) FILTER (WHERE e.opportunity_id <> w.opportunity_id AND e.closed < w.created
                                   AND w.kind IN ('expansion', 'renewal')) + 1000 AS restart
    FROM won w JOIN used e ON w.account_id = e.account_id AND e.kind <> 'credit'
    GROUP BY w.opportunity_id, w.created
),
leads AS (
    SELECT account_id, min(created) AS lead_created
    FROM (
        SELECT account_id, arrow_cast(TRY_CAST(created_at AS TIMESTAMP), 'Int64') AS created FROM raw_contacts
    )
    WHERE created <= $as_of
    GROUP BY account_id
)
SELECT u.*, l.lead_created, greatest(w.lookback, coalesce(w.restart, w.lookback)) AS window_start
FROM used u
JOIN windows w ON u.opportunity_id = w.opportunity_id
LEFT JOIN leads l ON u.account_id = l.account_id
