-- roi: sums and ratios of a line × fiscal quarter × model × basis, at two grains: by campaign and by channel.
-- In: ledger_lines, interval_totals, $margin_ppm (margin in millionths), $unit (minor units of one major unit),
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
    m.grain, m.line, m.campaign_id, m.channel, m.residual, m.quarter, quarter_name(m.quarter) AS fiscal_quarter,
    m.model, m.basis,
    amount, new_amount, expansion_amount, renewal_amount, credit_amount, attributed_deals, new_deals,
    touched_deals, touches, spend, margin,
    CASE WHEN m.line <> 'residual' THEN margin - spend END AS attributed_profit,
    CAST(amount AS DOUBLE) / nullif(spend, 0) AS roas,
    CAST(amount - spend AS DOUBLE) / nullif(spend, 0) AS roi,
    CAST(margin - spend AS DOUBLE) / nullif(spend, 0) AS margin_roi,
    CASE WHEN array_has($incremental_models, m.model) THEN CAST(margin - spend AS DOUBLE) / nullif(spend, 0) END AS romi,
    CASE WHEN m.line <> 'residual' THEN CAST(spend AS DOUBLE) / $unit / nullif(new_deals, 0.0) END AS cost_per_new_customer,
    accounts, amount_se / $unit AS amount_se, amount_low / $unit AS amount_low, amount_high / $unit AS amount_high,
    CASE WHEN spend > 0 THEN amount_se / spend END AS roi_se,
    CASE WHEN spend > 0 THEN amount_low / spend - 1 END AS roi_low,
    CASE WHEN spend > 0 THEN amount_high / spend - 1 END AS roi_high,
    CASE WHEN spend > 0 AND new_low > 0 THEN spend / $unit * new_se / (new_deals * new_deals) END AS cost_per_new_customer_se,
    CASE WHEN spend > 0 AND new_low > 0 THEN spend / $unit / new_high END AS cost_per_new_customer_low,
    CASE WHEN spend > 0 AND new_low > 0 THEN spend / $unit / new_low END AS cost_per_new_customer_high
FROM margins m LEFT JOIN interval_totals i
    ON i.line = m.line AND i.channel = m.channel AND i.quarter = m.quarter AND i.model = m.model AND i.basis = m.basis
    AND coalesce(i.campaign_id, '') = coalesce(m.campaign_id, '')
