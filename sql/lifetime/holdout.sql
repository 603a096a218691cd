-- holdout: what customers did after the last day of their histories: periods with a purchase, and net money.
-- A period that straddles the end of observation belongs to the histories.
-- In: purchases (customer, day, amount), $until and $last_period (the last day and period observed), $merge.
SELECT
    customer, count(DISTINCT CASE WHEN amount >= 0 AND period > $last_period THEN period END) AS purchases,
    sum(amount) AS amount
FROM (SELECT customer, period_number($merge, day) AS period, amount FROM purchases WHERE day > $until)
GROUP BY customer
ORDER BY customer
