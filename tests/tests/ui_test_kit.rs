//! Mistakes in tests do not compile, and the compiler says in the words of the kit what to write instead.

#[test]
fn mistakes_in_tests_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/test_kit/fail/*.rs");
}
