-- basis_bridge: close quarter × touch quarter × model; ties close_date and touch_date to booked revenue.
-- In: credit_totals, residual_totals.
WITH lines AS (
    SELECT close_quarter AS closed, touch_quarter AS touched, model, amount FROM credit_totals
    UNION ALL
    SELECT close_quarter, NULL, model, amount FROM residual_totals
)
SELECT quarter_name(closed) AS close_quarter, quarter_name(touched) AS touch_quarter, model, sum(amount) AS amount
FROM lines
GROUP BY closed, touched, model
ORDER BY closed, touched, model
