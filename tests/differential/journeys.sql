-- journeys: deal × eligible touch, for the kinds that are attributed, with the touch's position and what it holds.
-- In: deals, raw_touchpoints, raw_contacts, raw_accounts, raw_campaigns, $as_of, $tolerance, $kinds.
WITH
contacts AS (
    SELECT c.contact_id, c.account_id
    FROM raw_contacts c LEFT SEMI JOIN raw_accounts a ON c.account_id = a.account_id
    WHERE arrow_cast(TRY_CAST(c.created_at AS TIMESTAMP), 'Int64') <= $as_of
),
originals AS (SELECT * FROM deals WHERE kind <> 'credit'),
-- The touch's own account wins; a campaign of the table gives its channel.
touches AS (
    SELECT t.touch_id, coalesce(t.account_id, c.account_id) AS account_id, t.contact_id, t.campaign_id,
           coalesce(g.channel, t.channel, 'unknown') AS channel,
           arrow_cast(arrow_cast(t.touched_at, 'Timestamp(Nanosecond, None)'), 'Int64') AS at,
           coalesce(t.responded, true) AND coalesce(t.source, 'marketing') IN ('marketing', 'partner') AS eligible
    FROM raw_touchpoints t
    LEFT JOIN contacts c ON t.contact_id = c.contact_id
    LEFT JOIN raw_campaigns g ON t.campaign_id = g.campaign_id
    WHERE arrow_cast(arrow_cast(coalesce(t.recorded_at, t.touched_at), 'Timestamp(Nanosecond, None)'), 'Int64') <= $as_of
),
-- Out of scope first: touches outside every window of their account. Then of a repeated identifier the greatest row.
in_scope AS (
    SELECT * FROM touches t
    WHERE EXISTS (
        SELECT 1 FROM originals d
        WHERE d.account_id = t.account_id AND t.at >= d.window_start AND t.at <= d.closed
    )
),
numbered AS (
    SELECT *, row_number() OVER (
        PARTITION BY account_id, touch_id
        ORDER BY at DESC, contact_id DESC NULLS LAST, campaign_id DESC NULLS LAST, channel DESC, eligible DESC
    ) AS copy
    FROM in_scope
),
credited AS (
    SELECT d.deal_id, d.closed, d.created, d.lead_created, t.touch_id, t.channel, t.at,
           row_number() OVER (PARTITION BY d.deal_id ORDER BY t.at, t.touch_id) AS position,
           count(*) OVER (PARTITION BY d.deal_id) AS touches
    FROM originals d JOIN numbered t ON d.account_id = t.account_id
    WHERE t.copy = 1 AND t.eligible AND t.at >= d.window_start AND t.at <= d.closed
      AND array_has($kinds, d.kind)
),
-- An anchor is the last touch up to a tolerance after its milestone.
anchored AS (
    SELECT *,
           max(CASE WHEN at <= lead_created + $tolerance THEN position END) OVER (PARTITION BY deal_id) AS lead,
           max(CASE WHEN at <= created + $tolerance THEN position END) OVER (PARTITION BY deal_id) AS opportunity,
           max(CASE WHEN channel <> 'direct' THEN position END) OVER (PARTITION BY deal_id) AS non_direct
    FROM credited
)
SELECT deal_id, touch_id, position, touches, closed, at,
       position = 1 AS is_first,
       coalesce(position = lead, false) AS is_lead,
       coalesce(position = opportunity, false) AS is_opportunity,
       position = touches AS is_closing,
       lead IS NOT NULL AS has_lead,
       opportunity IS NOT NULL AS has_opportunity,
       position = coalesce(non_direct, touches) AS is_last_non_direct
FROM anchored
