-- roi: money, cost and return of a line × fiscal quarter (null: all quarters) × model × basis, and what compares it with
-- other models and lines; planned once for campaigns and once for channels.
-- In: line_sums, $margin_ppm (margin in millionths), $unit (minor units of one major unit), $incremental_models (the
-- models whose money is incremental).
-- Ratios to spend are null without positive spend.
WITH told AS (
    SELECT
        *, portion(amount, $margin_ppm, 1000000) AS margin,
        CAST(CASE WHEN spend > 0 THEN spend END AS DOUBLE) AS positive_spend
    FROM line_sums
)
SELECT
    line, campaign_id, channel, residual, quarter, quarter_name(quarter) AS fiscal_quarter, model, basis,
    amount, new_amount, expansion_amount, renewal_amount, credit_amount, attributed_deals, new_deals,
    touched_deals, touches, spend, margin,
    CASE WHEN line <> 'residual' THEN margin - spend END AS attributed_profit,
    CAST(amount AS DOUBLE) / positive_spend AS roas,
    CAST(amount - spend AS DOUBLE) / positive_spend AS roi,
    CAST(margin - spend AS DOUBLE) / positive_spend AS margin_roi,
    CASE WHEN array_has($incremental_models, model) THEN CAST(margin - spend AS DOUBLE) / positive_spend END AS romi,
    CASE WHEN line <> 'residual' AND spend >= 0 THEN CAST(spend AS DOUBLE) / $unit / nullif(new_deals, 0.0) END AS cost_per_new_customer,
    accounts, amount_se / $unit AS amount_se, amount_low / $unit AS amount_low, amount_high / $unit AS amount_high,
    amount_se / positive_spend AS roi_se,
    amount_low / positive_spend - 1 AS roi_low,
    amount_high / positive_spend - 1 AS roi_high,
    CASE WHEN new_low > 0 THEN positive_spend / $unit * new_se / (new_deals * new_deals) END AS cost_per_new_customer_se,
    CASE WHEN new_low > 0 THEN positive_spend / $unit / new_high END AS cost_per_new_customer_low,
    CASE WHEN new_low > 0 THEN positive_spend / $unit / new_low END AS cost_per_new_customer_high,
    default_amount, least_amount, greatest_amount, rank, can_credit
FROM told
