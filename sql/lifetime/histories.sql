-- histories: what the lifetime models see of every customer that has a purchase; one row a customer, in order of its code.
-- x repeat purchases, t_x time of the last purchase and t time observed, both since the first and in units of time;
-- mean_value of the repeat purchases; total and repeat_total money.
--
-- Merging: purchases (amounts of 0 or more) of one period are one of their summed amount; $merge is day, week or month.
-- Refunds: a negative amount is taken off the customer's purchases at or before its period, latest first. A purchase taken
-- back in full did not happen; one of nothing cannot be taken back.
--
-- In: purchases (customer, day, amount) of customers who gave something back ($gave_back) or who all kept everything, $until and
-- $last_period (the last day and period observed), $merge, and the days of a period and of a unit of time, $period_days and
-- $unit_days.
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
),
kept AS (
    SELECT customer, period, bought AS money FROM periods WHERE NOT $gave_back
    UNION ALL
    SELECT customer, period, money FROM walked WHERE money > 0 OR bought = 0
),
customers AS (
    SELECT
        customer, min(period) AS first_period, max(period) AS latest_period, count(*) - 1 AS x, sum(money) AS total,
        money_of(min(dated(period, money))) AS first_money
    FROM kept
    GROUP BY customer
),
repeats AS (
    SELECT *, total - first_money AS repeat_total FROM customers
)
SELECT
    customer, first_period, x, (latest_period - first_period) * $period_days / $unit_days AS t_x,
    ($last_period - first_period) * $period_days / $unit_days AS t,
    repeat_total / CAST(greatest(x, 1) AS DOUBLE) AS mean_value, total, repeat_total
FROM repeats
ORDER BY customer
