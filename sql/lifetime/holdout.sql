-- holdout: what customers bought after the last period of their histories, as far as they kept it: periods with a purchase, and
-- its money.
-- In: kept (customer, period, money) up to the end of the holdout, $cut_period (the last one of the histories).
SELECT customer, count(*) AS purchases, sum(money) AS amount
FROM kept
WHERE period > $cut_period
GROUP BY customer
ORDER BY customer
