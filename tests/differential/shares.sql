-- shares: deal × touch × house model. A credit deal has the touches and shares of the deal it reverses.
-- In: deals, journeys.
WITH
-- Weights of the anchors and of the middle; what an empty middle and a missing anchor mean.
models (model, first, lead, opportunity, closing, middle, empty_middle, missing) AS (VALUES
    ('first_touch',          1.0,   0.0,   0.0,   0.0,   0.0, 'even',        'renormalise'),
    ('last_touch',           0.0,   0.0,   0.0,   1.0,   0.0, 'even',        'renormalise'),
    ('lead_creation',        0.0,   1.0,   0.0,   0.0,   0.0, 'even',        'residual'),
    ('opportunity_creation', 0.0,   0.0,   1.0,   0.0,   0.0, 'even',        'residual'),
    ('position_based',       0.4,   0.0,   0.0,   0.4,   0.2, 'even',        'renormalise'),
    ('u_shaped',             0.4,   0.4,   0.0,   0.0,   0.2, 'even',        'renormalise'),
    ('w_shaped',             0.3,   0.3,   0.3,   0.0,   0.1, 'even',        'renormalise'),
    ('full_path',            0.225, 0.225, 0.225, 0.225, 0.1, 'even',        'renormalise'),
    ('j_shaped',             0.2,   0.0,   0.0,   0.6,   0.2, 'renormalise', 'renormalise'),
    ('inverse_j',            0.6,   0.0,   0.0,   0.2,   0.2, 'renormalise', 'renormalise')
),
held AS (
    SELECT j.*, m.*,
           CASE WHEN j.is_first THEN m.first ELSE 0.0 END
           + CASE WHEN j.is_lead THEN m.lead ELSE 0.0 END
           + CASE WHEN j.is_opportunity THEN m.opportunity ELSE 0.0 END
           + CASE WHEN j.is_closing THEN m.closing ELSE 0.0 END AS anchors,
           CASE WHEN j.is_first AND m.first > 0 THEN 1 ELSE 0 END
           + CASE WHEN j.is_lead AND m.lead > 0 THEN 1 ELSE 0 END
           + CASE WHEN j.is_opportunity AND m.opportunity > 0 THEN 1 ELSE 0 END
           + CASE WHEN j.is_closing AND m.closing > 0 THEN 1 ELSE 0 END AS anchors_held
    FROM journeys j CROSS JOIN models m
),
counted AS (
    SELECT *,
           sum(CASE WHEN anchors_held = 0 THEN 1 ELSE 0 END) OVER (PARTITION BY deal_id, model) AS in_middle,
           sum(anchors_held) OVER (PARTITION BY deal_id, model) AS anchors_present,
           CASE WHEN missing = 'renormalise' THEN 0.0
                ELSE CASE WHEN has_lead THEN 0.0 ELSE lead END
                     + CASE WHEN has_opportunity THEN 0.0 ELSE opportunity END END AS left_over
    FROM held
),
credits AS (
    SELECT deal_id, touch_id, model, left_over,
           CASE WHEN anchors_held = 0 THEN middle / in_middle
                WHEN in_middle = 0 AND empty_middle = 'even' THEN anchors + anchors_held * middle / anchors_present
                ELSE anchors END AS credit
    FROM counted
    UNION ALL
    SELECT deal_id, touch_id, 'linear', 0.0, 1.0 FROM journeys
    UNION ALL
    SELECT deal_id, touch_id, 'last_non_direct', 0.0, CASE WHEN is_last_non_direct THEN 1.0 ELSE 0.0 END FROM journeys
    UNION ALL
    SELECT deal_id, touch_id, 'time_decay', 0.0, power(2.0, -(closed - at) / (30 * 86400000000000.0)) FROM journeys
),
shares AS (
    SELECT deal_id, touch_id, model,
           credit / (left_over + sum(credit) OVER (PARTITION BY deal_id, model)) AS share
    FROM credits
)
SELECT d.deal_id, s.touch_id, s.model, s.share, CAST(d.amount AS DOUBLE) AS deal_amount
FROM shares s JOIN deals d ON s.deal_id = coalesce(d.reverses, d.deal_id)
