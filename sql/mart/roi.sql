-- roi: sums and ratios of a line × fiscal quarter × model × basis, at two grains: by campaign and by channel.
-- In: ledger_lines, $margin_ppm (margin in millionths), $unit (minor units of one major unit),
-- $incremental_models (the models whose money is incremental).
WITH lines AS (
    SELECT
        'campaign' AS grain, line, campaign_id, channel, residual, quarter, model, basis,
        kind, amount, share, deals, touches, spend
    FROM ledger_lines
    UNION ALL
    SELECT
        'channel' AS grain, CASE WHEN line = 'residual' THEN line ELSE 'channel' END AS line, NULL AS campaign_id, channel,
        residual, quarter, model, basis, kind, amount, share, deals, touches, spend
    FROM ledger_lines
),
sums AS (
    SELECT
        grain, line, campaign_id, channel, residual, quarter, model, basis,
        sum(amount) AS amount,
        sum(CASE WHEN kind = 'new' THEN amount ELSE 0 END) AS new_amount,
        sum(CASE WHEN kind = 'expansion' THEN amount ELSE 0 END) AS expansion_amount,
        sum(CASE WHEN kind = 'renewal' THEN amount ELSE 0 END) AS renewal_amount,
        sum(CASE WHEN kind = 'credit' THEN amount ELSE 0 END) AS credit_amount,
        CAST(sum(CASE WHEN kind <> 'credit' THEN share ELSE 0 END) AS DOUBLE) / 281474976710656.0 AS attributed_deals,
        CAST(sum(CASE WHEN kind = 'new' THEN share ELSE 0 END) AS DOUBLE) / 281474976710656.0 AS new_deals,
        sum(deals) AS touched_deals, sum(touches) AS touches, sum(spend) AS spend
    FROM lines
    GROUP BY grain, line, campaign_id, channel, residual, quarter, model, basis
),
margins AS (SELECT *, portion(amount, $margin_ppm, 1000000) AS margin FROM sums)
SELECT
    grain, line, campaign_id, channel, residual, quarter, quarter_name(quarter) AS fiscal_quarter, model, basis,
    amount, new_amount, expansion_amount, renewal_amount, credit_amount, attributed_deals, new_deals,
    touched_deals, touches, spend, margin,
    CASE WHEN line <> 'residual' THEN margin - spend END AS attributed_profit,
    CAST(amount AS DOUBLE) / nullif(spend, 0) AS roas,
    CAST(amount - spend AS DOUBLE) / nullif(spend, 0) AS roi,
    CAST(margin - spend AS DOUBLE) / nullif(spend, 0) AS margin_roi,
    CASE WHEN array_has($incremental_models, model) THEN CAST(margin - spend AS DOUBLE) / nullif(spend, 0) END AS romi,
    CASE WHEN line <> 'residual' THEN CAST(spend AS DOUBLE) / $unit / nullif(new_deals, 0.0) END AS cost_per_new_customer
FROM margins
