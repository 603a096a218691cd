-- kept: what is left of the purchases of every customer and period, up to the end of observation.
--
-- Merging: purchases (amounts of 0 or more) of one period are one of their summed amount; $merge is day, week or month.
-- Refunds: a negative amount is taken off the customer's purchases at or before its period, latest first. A purchase taken
-- back in full did not happen; one of nothing cannot be taken back.
--
-- In: purchases (customer, day, amount) of customers who gave something back ($gave_back) or who all kept everything, $until (the
-- last day observed), $merge.
WITH periods AS (
    SELECT
        customer, period_number($merge, day) AS period,
        sum(CASE WHEN amount >= 0 THEN amount END) AS bought, sum(amount) AS net
    FROM purchases
    WHERE day <= $until
    GROUP BY customer, period_number($merge, day)
),
-- Refunds are rare, and only customers who gave something back need the walk through the periods. What is left of all purchases
-- after a period is the running sum, started again wherever refunds went below nothing.
balances AS (
    SELECT *, sum(net) OVER (PARTITION BY customer ORDER BY period) AS running FROM periods WHERE $gave_back
),
stacks AS (
    SELECT *, running - least(0, min(running) OVER (PARTITION BY customer ORDER BY period)) AS height FROM balances
),
-- Of a period's purchase that much is left as later refunds never dug into.
walked AS (
    SELECT
        customer, period, bought,
        least(bought, greatest(0,
            min(height) OVER (PARTITION BY customer ORDER BY period ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
            - lag(height, 1, 0) OVER (PARTITION BY customer ORDER BY period)
        )) AS money
    FROM stacks
)
SELECT customer, period, bought AS money FROM periods WHERE NOT $gave_back
UNION ALL
SELECT customer, period, money FROM walked WHERE money > 0 OR bought = 0
