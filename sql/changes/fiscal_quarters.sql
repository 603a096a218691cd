-- fiscal_quarters: fiscal quarter × its first day, where both runs have it as the run after has it.
-- In: before.dim_fiscal_quarter, after.dim_fiscal_quarter (marts).
SELECT coalesce(a.fiscal_quarter, b.fiscal_quarter) AS fiscal_quarter, coalesce(a.start_date, b.start_date) AS start_date
FROM before.dim_fiscal_quarter AS b
FULL JOIN after.dim_fiscal_quarter AS a ON a.fiscal_quarter = b.fiscal_quarter
