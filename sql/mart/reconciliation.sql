-- reconciliation: close quarter × kind × model; difference is always 0.
-- In: booked_totals, credit_totals, residual_totals, dim_model.
WITH lines AS (
    SELECT b.close_quarter, b.kind, m.model, b.deals, b.amount AS booked, CAST(0 AS BIGINT) AS attributed,
           CAST(NULL AS VARCHAR) AS residual, CAST(0 AS BIGINT) AS residual_amount
    FROM booked_totals b CROSS JOIN dim_model m
    UNION ALL
    SELECT close_quarter, kind, model, 0, 0, amount, NULL, 0 FROM credit_totals
    UNION ALL
    SELECT close_quarter, kind, model, 0, 0, 0, residual, amount FROM residual_totals
)
SELECT
    quarter_name(close_quarter) AS fiscal_quarter, kind, model,
    sum(deals) AS deals, sum(booked) AS booked, sum(attributed) AS attributed,
    sum(CASE WHEN residual = 'no_touch' THEN residual_amount ELSE 0 END) AS no_touch,
    sum(CASE WHEN residual = 'outside_lookback' THEN residual_amount ELSE 0 END) AS outside_lookback,
    sum(CASE WHEN residual = 'suppressed' THEN residual_amount ELSE 0 END) AS suppressed,
    sum(CASE WHEN residual = 'missing_anchor' THEN residual_amount ELSE 0 END) AS missing_anchor,
    sum(CASE WHEN residual = 'baseline' THEN residual_amount ELSE 0 END) AS baseline,
    sum(CASE WHEN residual = 'kind_not_attributed' THEN residual_amount ELSE 0 END) AS kind_not_attributed,
    sum(CASE WHEN residual = 'unmatched_credit' THEN residual_amount ELSE 0 END) AS unmatched_credit,
    sum(booked) - sum(attributed) - sum(residual_amount) AS difference
FROM lines
GROUP BY close_quarter, kind, model
ORDER BY close_quarter, kind, model
