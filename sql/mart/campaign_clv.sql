-- campaign_clv: line × model. Over all lines, customers and money sum to all customers.
-- In: acquired_totals, acquired_curve, acquisition_span, credit_totals, spend_by_quarter, dim_model.
-- Spend counts from the quarter in which the first credited touch or customer came to that of the last customer.
WITH span AS (
    SELECT least(a.first_quarter, (SELECT min(touch_quarter) FROM credit_totals)) AS first_quarter, a.last_quarter
    FROM acquisition_span a
),
spent AS (
    SELECT s.campaign_id, s.channel, sum(s.spend) AS spend
    FROM spend_by_quarter s CROSS JOIN span
    WHERE s.quarter BETWEEN span.first_quarter AND span.last_quarter
    GROUP BY s.campaign_id, s.channel
),
lines AS (
    SELECT campaign_id, channel, residual, model, customers, realised, contracted, predicted, low, high,
           CAST(0 AS BIGINT) AS spend
    FROM acquired_totals
    UNION ALL
    SELECT s.campaign_id, s.channel, NULL, m.model, 0, 0, 0, 0, 0, 0, s.spend
    FROM spent s CROSS JOIN dim_model m
),
sums AS (
    SELECT
        CASE WHEN residual IS NOT NULL THEN 'residual' WHEN campaign_id IS NULL THEN 'no_campaign' ELSE 'campaign' END AS line,
        campaign_id, channel, residual, model,
        CAST(sum(customers) AS DOUBLE) / 281474976710656.0 AS acquired_customers,
        sum(realised) AS realised, sum(contracted) AS contracted, sum(predicted) AS predicted,
        sum(low) AS low, sum(high) AS high, sum(spend) AS spend
    FROM lines
    GROUP BY campaign_id, channel, residual, model
),
paid_back AS (
    SELECT s.line, s.campaign_id, s.channel, s.model, min(c.month) AS month
    FROM sums s JOIN acquired_curve c
        ON s.channel = c.channel AND coalesce(s.campaign_id, '') = coalesce(c.campaign_id, '') AND s.model = c.model
    WHERE s.line <> 'residual' AND s.spend > 0 AND c.margin >= s.spend
    GROUP BY s.line, s.campaign_id, s.channel, s.model
)
SELECT
    s.line, s.campaign_id, s.channel, s.residual, s.model, s.acquired_customers,
    s.realised AS margin, s.contracted AS margin_contracted,
    CASE WHEN a.is_predicted THEN s.predicted END AS predicted_margin,
    s.realised + s.contracted + s.predicted AS clv,
    CASE WHEN a.is_predicted THEN s.realised + s.contracted + s.low END AS clv_low,
    CASE WHEN a.is_predicted THEN s.realised + s.contracted + s.high END AS clv_high,
    CASE WHEN s.line <> 'residual' AND s.spend <> 0 THEN s.spend END AS acquisition_spend,
    CASE WHEN s.line <> 'residual' AND s.spend > 0
        THEN CAST(s.realised + s.contracted + s.predicted AS DOUBLE) / s.spend END AS clv_to_cac,
    p.month AS payback_month,
    CASE
        WHEN s.line = 'residual' OR s.spend <= 0 THEN NULL
        WHEN p.month IS NULL THEN 'not_within_horizon'
        ELSE 'within_horizon'
    END AS payback
FROM sums s CROSS JOIN acquisition_span a LEFT JOIN paid_back p
    ON s.line = p.line AND s.channel = p.channel AND coalesce(s.campaign_id, '') = coalesce(p.campaign_id, '')
        AND s.model = p.model
ORDER BY s.model, s.line, s.campaign_id, s.channel, s.residual
