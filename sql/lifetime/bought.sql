-- The periods in which customers bought something that they kept.
-- In: kept.
SELECT customer, period FROM kept
