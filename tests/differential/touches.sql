-- touches: every touch row, with its account, whether it can earn credit, and which copy of its identifier it is.
-- In: deals, raw_touchpoints, raw_contacts, raw_accounts, raw_campaigns, $as_of.
WITH
contacts AS (
    SELECT c.contact_id, c.account_id
    FROM raw_contacts c LEFT SEMI JOIN raw_accounts a ON c.account_id = a.account_id
    WHERE arrow_cast(TRY_CAST(c.created_at AS TIMESTAMP), 'Int64') <= $as_of
),
-- The touch's own account wins; a campaign of the table gives its channel.
touches AS (
    SELECT t.touch_id, coalesce(t.account_id, c.account_id) AS account_id, t.contact_id, t.campaign_id,
           coalesce(g.channel, t.channel, 'unknown') AS channel,
           arrow_cast(arrow_cast(t.touched_at, 'Timestamp(Nanosecond, None)'), 'Int64') AS at,
           coalesce(t.responded, true) AND coalesce(t.source, 'marketing') IN ('marketing', 'partner') AS eligible,
           arrow_cast(arrow_cast(coalesce(t.recorded_at, t.touched_at), 'Timestamp(Nanosecond, None)'), 'Int64') <= $as_of
               AS recorded
    FROM raw_touchpoints t
    LEFT JOIN contacts c ON t.contact_id = c.contact_id
    LEFT JOIN raw_campaigns g ON t.campaign_id = g.campaign_id
),
-- Out of scope first: touches outside every window of their account. Then of a repeated identifier the greatest row.
in_scope AS (
    SELECT * FROM touches t
    WHERE t.recorded AND EXISTS (
        SELECT 1 FROM deals d
        WHERE d.kind <> 'credit' AND d.account_id = t.account_id AND t.at >= d.window_start AND t.at <= d.closed
    )
),
out_of_scope AS (
    SELECT * FROM touches t
    WHERE NOT t.recorded OR NOT EXISTS (
        SELECT 1 FROM deals d
        WHERE d.kind <> 'credit' AND d.account_id = t.account_id AND t.at >= d.window_start AND t.at <= d.closed
    )
)
SELECT *, row_number() OVER (
    PARTITION BY account_id, touch_id
    ORDER BY at DESC, contact_id DESC NULLS LAST, campaign_id DESC NULLS LAST, channel DESC, eligible DESC
) AS copy
FROM in_scope
UNION ALL
SELECT *, NULL FROM out_of_scope
