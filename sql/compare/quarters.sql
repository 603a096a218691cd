-- quarters: those in which money was attributed or spent.
-- In: model_comparison (mart).
SELECT DISTINCT fiscal_quarter
FROM model_comparison
ORDER BY fiscal_quarter
