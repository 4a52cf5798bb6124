//! One list of quantities makes the values of one window and the columns of a table.

/// Defines a struct of values, how they aggregate, and the struct of columns that holds many of them. Ratios are never averaged:
/// that of an aggregate is the ratio of its means.
macro_rules! quantities {
    (
        $(#[$about:meta])*
        pub struct $One:ident;
        $(#[$columns_about:meta])*
        pub struct $Columns:ident;
        values { $($(#[$doc:meta])* $value:ident: $mean:ident,)* }
        ratios { $($(#[$ratio_doc:meta])* $ratio:ident = $over:ident / $under:ident,)* }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
        pub struct $One {
            $($(#[$doc])* pub $value: f64,)*
            $($(#[$ratio_doc])* pub $ratio: f64,)*
        }

        impl $One {
            /// Every value and its name.
            pub fn values(&self) -> impl Iterator<Item = (&'static str, f64)> {
                [$((stringify!($value), self.$value),)* $((stringify!($ratio), self.$ratio),)*].into_iter()
            }

            /// Goes through all values beside those of `other`, for aggregation.
            pub fn each(&mut self, other: &Self, f: &mut impl FnMut(Mean, &mut [f64], &[f64])) {
                $(f(Mean::$mean, from_mut(&mut self.$value), from_ref(&other.$value));)*
                $(self.$ratio = self.$over / self.$under;)*
            }
        }

        $(#[$columns_about])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize)]
        pub struct $Columns<T> {
            $($(#[$doc])* pub $value: T,)*
            $($(#[$ratio_doc])* pub $ratio: T,)*
        }

        impl<T> $Columns<T> {
            /// Every column and its name.
            pub fn columns(&self) -> Vec<(&'static str, &T)> {
                vec![$((stringify!($value), &self.$value),)* $((stringify!($ratio), &self.$ratio),)*]
            }

            /// The same columns, borrowed.
            pub fn as_ref(&self) -> $Columns<&T> {
                $Columns { $($value: &self.$value,)* $($ratio: &self.$ratio,)* }
            }

            /// The same columns, each made into something else.
            pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> $Columns<U> {
                $Columns { $($value: f(self.$value),)* $($ratio: f(self.$ratio),)* }
            }
        }

        impl $Columns<Vec<f64>> {
            /// Adds a value to every column.
            pub fn push(&mut self, one: &$One) {
                $(self.$value.push(one.$value);)*
                $(self.$ratio.push(one.$ratio);)*
            }
        }
    };
}

pub(super) use quantities;
