-- dim_fiscal_quarter: every fiscal quarter from the first to the last that any mart names.
-- In: credit_totals, booked_totals, spend_by_quarter, lifetime_quarters.
WITH named AS (
    SELECT close_quarter AS quarter FROM booked_totals
    UNION ALL SELECT touch_quarter FROM credit_totals
    UNION ALL SELECT quarter FROM spend_by_quarter
    UNION ALL SELECT quarter FROM lifetime_quarters
),
bounds AS (SELECT CAST(min(quarter) AS BIGINT) AS first, CAST(max(quarter) AS BIGINT) AS last FROM named),
quarters AS (SELECT unnest(range(first, last + 1)) AS quarter FROM bounds WHERE first IS NOT NULL)
SELECT
    quarter_name(quarter) AS fiscal_quarter,
    (quarter - quarter % 4) / 4 AS fiscal_year,
    quarter % 4 + 1 AS quarter_of_year,
    quarter_start(quarter) AS start_date,
    quarter_end(quarter) AS end_date
FROM quarters
ORDER BY quarter
