-- journeys: deal × eligible touch, for the kinds that are attributed, with the touch's position and what it holds.
-- In: deals, touches, $tolerance, $kinds.
WITH
credited AS (
    SELECT d.deal_id, d.closed, d.created, d.lead_created, t.touch_id, t.channel, t.at,
           row_number() OVER (PARTITION BY d.deal_id ORDER BY t.at, t.touch_id) AS position,
           count(*) OVER (PARTITION BY d.deal_id) AS touches
    FROM deals d JOIN touches t ON d.account_id = t.account_id
    WHERE d.kind <> 'credit' AND t.copy = 1 AND t.eligible AND t.at >= d.window_start AND t.at <= d.closed
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
