-- histories: what the lifetime models see of every customer that has a purchase; one row a customer, in order of its code.
-- x repeat purchases, t_x time of the last purchase and t time observed, both since the first and in units of time;
-- mean_value of the repeat purchases; total and repeat_total money.
-- In: kept (customer, period, money), $last_period (the last one observed), and the days of a period and of a unit of time,
-- $period_days and $unit_days.
WITH customers AS (
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
